import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

/** The picture that an account keeps here; at most one, and each under a name that no other ever has. */
@Entity('pictures')
@Unique('pictures_user_id_key', ['userId'])
export class Picture {
  /** Random, since whoever knows it may see the picture. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pictures_pkey' })
  name!: string;

  @Column('integer', { name: 'user_id' })
  @ForeignKey('User', 'id', { name: 'pictures_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  /** WebP, as `PicturesService` made it. */
  @Column('bytea')
  image!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
