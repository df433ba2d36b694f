import { IsOptional, IsString } from 'class-validator';

export class InboxFilter {
  @IsOptional()
  @IsString()
  to?: string;

  /** A part of the subject, in any case. */
  @IsOptional()
  @IsString()
  subject?: string;

  /** Seconds to wait for a first mail that fits. */
  @IsOptional()
  @IsString()
  wait?: string;

  @IsOptional()
  @IsString()
  limit?: string;
}

export class MailPath {
  @IsString()
  id!: string;
}
