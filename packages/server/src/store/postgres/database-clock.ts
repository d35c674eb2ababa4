/**
 * What the database's clock reads now, without asking it: our monotonic clock and the offset between the two. The wall clock of this machine
 * is not looked at, so that nobody notices when it is set.
 *
 * The database reads its clock after a question has left and before the answer is here. So each answer that has the time puts the offset
 * between two bounds, as far apart as the way there and back took. What is known is what the bounds of all answers have in common: a slow
 * answer, as of a database that stood still, takes nothing away from what a quick one has told. With time the bounds move apart, as the
 * clocks may drift. An answer that has nothing in common with what was known is of a clock that was set, or of another machine: it is believed.
 *
 * So the reading is wrong by at most half of the quickest round trip, half a millisecond (the database counts whole ones), and one for each
 * second since. While the database's clock is being set, it is wrong until the next answer with the time.
 */
export interface DatabaseClock {
  /** Tells what the database's clock reads, epoch milliseconds; before the first answer what this machine's does. */
  read(): number
  /** Learns from an answer that had the time. Both moments are of `performance.now()`. */
  learn(now: number, askedAt: number, answeredAt: number): void
  /** By how much the reading may be wrong, milliseconds; infinite before the first answer. */
  uncertainty(): number
  /** How long ago an answer had the time, milliseconds. */
  age(): number
}

/** By how much two clocks may drift apart in a millisecond: each is slewed by 500 ppm at most, where NTP keeps it. */
const drift = 0.001

/** @param monotonic milliseconds; never set */
export function createDatabaseClock(monotonic: () => number = () => performance.now()): DatabaseClock {
  let known = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, at: Number.NEGATIVE_INFINITY }

  function boundsAt(moment: number): { readonly low: number; readonly high: number } {
    const grown = Math.max(0, moment - known.at) * drift
    return { low: known.low - grown, high: known.high + grown }
  }

  function learn(now: number, askedAt: number, answeredAt: number): void {
    const before = boundsAt(answeredAt)
    const told = { low: now - answeredAt, high: now + 1 - askedAt }
    const low = Math.max(before.low, told.low)
    const high = Math.min(before.high, told.high)
    known = { ...(low > high ? told : { low, high }), at: Math.max(known.at, answeredAt) }
  }

  return {
    learn,
    read: () => (Number.isFinite(known.low) ? monotonic() + (known.low + known.high) / 2 : Date.now()),
    uncertainty() {
      const { low, high } = boundsAt(monotonic())
      return (high - low) / 2
    },
    age: () => monotonic() - known.at,
  }
}
