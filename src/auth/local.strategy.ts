import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { LoginService, type AuthenticatedAccount, type Credentials } from './login.service.js';

/** Passport's `local`: expects a body of `Credentials`, which a surface makes of its own. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly logins: LoginService) {
    super({ usernameField: 'identifier', passwordField: 'password', session: false, passReqToCallback: true });
  }

  validate(request: { body: Credentials }, identifier: string, password: string): Promise<AuthenticatedAccount> {
    return this.logins.authenticate({ ...request.body, identifier, password });
  }
}
