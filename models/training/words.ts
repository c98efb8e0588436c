/**
 * Turns text into the numbers that a text model takes: which of its buckets the text has a word in. A bucket is chosen by
 * a hash of the word, so that every word has one, known or not, and no list of words is needed.
 */

/** FNV-1a of 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** A 1 for each bucket that a word of the text falls into, and a 0 for the others. */
export function hashedWords(text: string, buckets: number): number[] {
  const hit = new Set(wordsOf(text).map((word) => fnv1a(word) % buckets));
  return Array.from({ length: buckets }, (_, bucket) => (hit.has(bucket) ? 1 : 0));
}

/** Runs of letters and digits, in lower case. */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** The hash of a word's UTF-8 bytes. */
export function fnv1a(word: string): number {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(word)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}
