import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import type { DataSource, Repository } from 'typeorm';
import { Failure } from '../failure.js';
import type { User } from '../users/user.entity.js';
import { HistoryService } from '../users/history.service.js';
import { UsersService, type PersonalDetails } from '../users/users.service.js';
import { PicturesService, type PictureChange } from './pictures.service.js';
import { Profile } from './profile.entity.js';

export type ProfileChanges = Partial<Pick<Profile, 'country' | 'profession' | 'bio' | 'thoughts'>> &
  Omit<PersonalDetails, 'picture'> & { picture?: PictureChange };

/** An account together with what its owner tells about themselves. */
export interface Person {
  user: User;
  profile: Profile;
}

@Injectable()
export class ProfileService {
  constructor(
    @InjectRepository(Profile) private readonly profiles: Repository<Profile>,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly history: HistoryService,
    private readonly pictures: PicturesService,
  ) {}

  async read(user: User): Promise<Person> {
    const profile = await this.profiles.findOneBy({ userId: user.id });
    return { user, profile: profile ?? blankProfile(user.id) };
  }

  /**
   * What is `undefined` stays as it is; all changes are made, or none. Throws `account_gone`, and of a picture
   * `picture_not_a_url`, `picture_invalid`, `picture_too_large`, `overloaded`.
   */
  async update(userId: number, changes: ProfileChanges): Promise<Person> {
    const { country, profession, bio, thoughts, picture, ...details } = changes;
    const prepared = picture === undefined ? undefined : await this.pictures.prepare(picture);
    return this.dataSource.transaction(async (tx) => {
      const present = await this.users.lock(userId, tx);
      if (present === null) throw new Failure('account_gone');
      const settled = prepared === undefined ? {} : { picture: await this.pictures.settle(present, prepared, tx) };
      const user = await this.users.setDetails(userId, { ...details, ...settled }, tx);
      const profiles = tx.getRepository(Profile);
      const told = Object.fromEntries(
        Object.entries({ country, profession, bio, thoughts }).filter(([, value]) => value !== undefined),
      );
      await this.history.record('profile_update', userId, tx);
      await profiles.upsert({ ...told, userId }, { conflictPaths: ['userId'] });
      return { user, profile: await profiles.findOneByOrFail({ userId }) };
    });
  }
}

function blankProfile(userId: number): Profile {
  return Object.assign(new Profile(), { userId, country: '', profession: '', bio: '', thoughts: '' });
}
