/** The `uid` of links: base64url of the decimal number, without padding (decision 2). */
export function uidOf(id: number): string {
  return Buffer.from(String(id)).toString('base64url');
}

/** The number in a `uid`, padded or not; `null` for whatever `uidOf` does not make. */
export function parseUid(uid: string): number | null {
  const bare = uid.replace(/={1,2}$/, '');
  const id = Number(Buffer.from(bare, 'base64url').toString('latin1'));
  return Number.isSafeInteger(id) && id > 0 && uidOf(id) === bare ? id : null;
}
