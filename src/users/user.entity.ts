import { Check, Column, Entity, Generated, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

export type Role = 'Viewer' | 'Manager' | 'Admin';

/** `pending`: not proven by mail yet. `disabled`: shut out by an operator; nothing a visitor does leads out of it. */
export type UserState = 'pending' | 'active' | 'disabled';

/** An account. `id` and `publicId` never change and are never given to another one. */
@Entity('users')
@Check('users_role_check', `role IN ('Viewer', 'Manager', 'Admin')`)
@Check('users_state_check', `state IN ('pending', 'active', 'disabled')`)
@Check('users_username_check', `(username IS NULL) = (username_canonical IS NULL)`)
@Unique('users_public_id_key', ['publicId'])
@Unique('users_email_canonical_key', ['emailCanonical'])
@Unique('users_username_canonical_key', ['usernameCanonical'])
@Index('users_pending_idx', ['createdAt'], { where: `state = 'pending'` })
export class User {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'users_pkey',
  })
  id!: number;

  @Column('uuid', { name: 'public_id' })
  @Generated('uuid')
  publicId!: string;

  /** As its owner wrote it. */
  @Column('text')
  email!: string;

  @Column('text', { name: 'email_canonical' })
  emailCanonical!: string;

  @Column('timestamptz', { name: 'email_verified_at', nullable: true })
  emailVerifiedAt!: Date | null;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'username_canonical', nullable: true })
  usernameCanonical!: string | null;

  @Column('text', { name: 'first_name', default: '' })
  firstName!: string;

  @Column('text', { name: 'last_name', default: '' })
  lastName!: string;

  @Column('text', { name: 'phone_number', nullable: true })
  phoneNumber!: string | null;

  /** Where the picture of this person is: the `avatar` of one surface, the `profile_img` of another. */
  @Column('text', { nullable: true })
  picture!: string | null;

  @Column('text', { default: 'Viewer' })
  role!: Role;

  @Column('text')
  state!: UserState;

  /** PHC string; its prefix names the scheme. `null` where nobody can log in by password. */
  @Column('text', { name: 'password_hash', nullable: true })
  passwordHash!: string | null;

  /** Counts the passwords that this account has had; storing one under a stronger hash does not make it another. */
  @Column('integer', { name: 'password_version', default: 0 })
  passwordVersion!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_login_at', nullable: true })
  lastLoginAt!: Date | null;
}

/** The columns of `users` under the names of `User`, for plain SQL; `alias` is the table's in that statement. */
export function userColumns(alias: string): string {
  return COLUMNS.map(([column, property]) => `${alias}.${column} AS "${property}"`).join(', ');
}

const COLUMNS: readonly (readonly [string, keyof User])[] = [
  ['id', 'id'],
  ['public_id', 'publicId'],
  ['email', 'email'],
  ['email_canonical', 'emailCanonical'],
  ['email_verified_at', 'emailVerifiedAt'],
  ['username', 'username'],
  ['username_canonical', 'usernameCanonical'],
  ['first_name', 'firstName'],
  ['last_name', 'lastName'],
  ['phone_number', 'phoneNumber'],
  ['picture', 'picture'],
  ['role', 'role'],
  ['state', 'state'],
  ['password_hash', 'passwordHash'],
  ['password_version', 'passwordVersion'],
  ['created_at', 'createdAt'],
  ['last_login_at', 'lastLoginAt'],
];
