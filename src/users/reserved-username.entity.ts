import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A username of a sign-up that was answered like any other though its address was taken: free again, it would tell that
 * there is no new account.
 */
@Entity('reserved_usernames')
export class ReservedUsername {
  @PrimaryColumn('text', { name: 'username_canonical', primaryKeyConstraintName: 'reserved_usernames_pkey' })
  usernameCanonical!: string;

  @Column('timestamptz')
  until!: Date;
}
