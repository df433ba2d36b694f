/** A moment as Django REST framework writes it: UTC with `Z`, six digits after the second or none. */
export function timestamp(date: Date): string {
  const [second = '', fraction = ''] = date.toISOString().replace('Z', '').split('.');
  return Number(fraction) === 0 ? `${second}Z` : `${second}.${fraction.padEnd(6, '0')}Z`;
}
