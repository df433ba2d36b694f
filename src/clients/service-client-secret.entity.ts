import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A secret of a service client, of which only the hash is kept. A client has one without an end, and may have one that ends. */
@Entity('service_client_secrets')
@Index('service_client_secrets_newest_idx', ['clientId'], { unique: true, where: 'expires_at IS NULL' })
export class ServiceClientSecret {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'service_client_secrets_pkey' })
  id!: string;

  @Index('service_client_secrets_client_id_idx')
  @Column('text', { name: 'client_id' })
  @ForeignKey('ServiceClient', 'id', { name: 'service_client_secrets_client_id_fkey', onDelete: 'CASCADE' })
  clientId!: string;

  @Column('bytea', { name: 'secret_hash' })
  secretHash!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** Of a secret that was replaced. */
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;
}
