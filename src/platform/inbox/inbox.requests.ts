import { IsOptional, IsString } from 'class-validator';

export class InboxFilter {
  @IsOptional()
  @IsString()
  to?: string;

  @IsOptional()
  @IsString()
  limit?: string;
}

export class MailPath {
  @IsString()
  id!: string;
}
