/**
 * As `Promise.all`, and ends only once each of them has: what others still make when one has failed would come after the
 * clean-up.
 */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
