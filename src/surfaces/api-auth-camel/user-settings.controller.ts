import { Body, Get, Patch, Put } from '@nestjs/common';
import type { Caller as SignedIn } from '../../auth/callers.service.js';
import { ProfileService } from '../../profile/profile.service.js';
import { Caller } from '../kit/caller.js';
import { Operation, type OperationOptions } from '../kit/operation.js';
import { SurfaceController } from '../kit/surface.js';
import { failures } from './failures.js';
import { storedPhoneNumber } from './phone-number.js';
import { SettingsRequest } from './requests.js';
import { SettingsResponse } from './responses.js';

const UPDATE: OperationOptions = {
  access: 'protected',
  summary: 'Update the settings',
  description: 'What is not sent stays as it is; the address is not changed here.',
  body: SettingsRequest,
  answer: { status: 200, type: SettingsResponse, description: 'All settings, as they are now' },
  failures: ['invalid_input'],
};

@SurfaceController({ path: 'api/users', words: failures, tag: 'Settings', negotiates: true })
export class UserSettingsController {
  constructor(private readonly profiles: ProfileService) {}

  @Get('settings/')
  @Operation({
    access: 'protected',
    summary: 'Get the settings',
    answer: { status: 200, type: SettingsResponse, description: 'Of whoever the access token belongs to' },
  })
  settings(@Caller() { user }: SignedIn): SettingsResponse {
    return SettingsResponse.of(user);
  }

  @Put('settings/')
  @Operation(UPDATE)
  putSettings(@Body() body: SettingsRequest, @Caller() caller: SignedIn): Promise<SettingsResponse> {
    return this.update(body, caller);
  }

  @Patch('settings/')
  @Operation(UPDATE)
  patchSettings(@Body() body: SettingsRequest, @Caller() caller: SignedIn): Promise<SettingsResponse> {
    return this.update(body, caller);
  }

  private async update(body: SettingsRequest, { user }: SignedIn): Promise<SettingsResponse> {
    const { firstName, lastName } = body;
    const phoneNumber = storedPhoneNumber(body.phoneNumber);
    const changed = await this.profiles.update(user.id, { firstName, lastName, phoneNumber });
    return SettingsResponse.of(changed.user);
  }
}
