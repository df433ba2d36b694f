import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** What a person tells about themselves; empty strings until they do. */
@Entity('profiles')
export class Profile {
  @PrimaryColumn('integer', { name: 'user_id', primaryKeyConstraintName: 'profiles_pkey' })
  @ForeignKey('User', 'id', { name: 'profiles_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  @Column('text', { default: '' })
  country!: string;

  @Column('text', { default: '' })
  profession!: string;

  @Column('text', { default: '' })
  bio!: string;

  @Column('text', { default: '' })
  thoughts!: string;
}
