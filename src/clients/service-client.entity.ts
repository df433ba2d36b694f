import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What a service may ask of us. */
export const CLIENT_SCOPES = ['introspect', 'revoke', 'events', 'explain'] as const;

export type ClientScope = (typeof CLIENT_SCOPES)[number];

/** A service that asks us about tokens: a name for people, an id for machines, and what it may do. */
@Entity('service_clients')
@Check('service_clients_scopes_check', `scopes <@ ARRAY['introspect', 'revoke', 'events', 'explain']`)
export class ServiceClient {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'service_clients_pkey' })
  id!: string;

  @Column('text')
  name!: string;

  @Column('text', { array: true })
  scopes!: ClientScope[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
