// Without copies, since a text may be as long as a body.

/** The length of a text as people count it. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (!isSecondHalf(text, at)) count += 1;
  return count;
}

/** Where in a text a UTF-16 index is: position from 0, line and column from 1, all in code points. */
export function placeOf(text: string, end: number): { position: number; line: number; column: number } {
  let position = 0;
  let line = 1;
  let column = 1;
  for (let at = 0; at < end; at += 1) {
    if (isSecondHalf(text, at)) continue;
    position += 1;
    column += 1;
    if (text.charCodeAt(at) === LINE_FEED) {
      line += 1;
      column = 1;
    }
  }
  return { position, line, column };
}

const LINE_FEED = 0x0a;

/** Whether this UTF-16 unit belongs to the code point that the one before it begins. */
function isSecondHalf(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
