// Whether something grows: a line through samples, how sure its slope is, and what can be said of it. Used by the soak of bench/.

export interface Sample {
  /** Seconds. */
  readonly at: number
  readonly value: number
}

export interface Trend {
  /** Growth of the value in a second. */
  readonly slope: number
  /** Half the width of the 95 % confidence interval of the slope. */
  readonly margin: number
}

/** How many means of neighbouring samples the line goes through: what one sample is off by, the next is off by as well. */
const blocks = 10
/** Student's t for 95 %, two-sided, with `blocks - 2` degrees of freedom. */
const studentsT = 2.306

/**
 * Fits a line by least squares through the means of ten stretches of the samples. Through the samples themselves the error would come out
 * too small, as they are not independent of each other.
 *
 * @throws RangeError for fewer than ten samples
 */
export function fitTrend(samples: readonly Sample[]): Trend {
  if (samples.length < blocks) throw new RangeError(`A trend needs at least ${blocks} samples.`)
  const means = Array.from({ length: blocks }, (_, block) => {
    const first = Math.floor((block * samples.length) / blocks)
    const stretch = samples.slice(first, Math.floor(((block + 1) * samples.length) / blocks))
    return { at: mean(stretch.map(({ at }) => at)), value: mean(stretch.map(({ value }) => value)) }
  })
  const centre = { at: mean(means.map(({ at }) => at)), value: mean(means.map(({ value }) => value)) }
  const spread = sum(means.map(({ at }) => (at - centre.at) ** 2))
  const slope = sum(means.map(({ at, value }) => (at - centre.at) * (value - centre.value))) / spread
  const residuals = means.map(({ at, value }) => value - centre.value - slope * (at - centre.at))
  const error = Math.sqrt(sum(residuals.map((residual) => residual ** 2)) / (blocks - 2) / spread)
  return { slope, margin: studentsT * error }
}

/** Says in words what a trend of megabytes means. */
export function judgeGrowth({ slope, margin }: Trend): string {
  const hourly = (perSecond: number): string => `${(perSecond * 3600).toFixed(1)} MB an hour`
  if (slope - margin > 0) return `grows: by ${hourly(slope - margin)} at least`
  if (slope + margin < 0) return `shrinks: by ${hourly(-slope - margin)} at least`
  return `no growth that can be told from noise; if any, ${hourly(slope + margin)} at most`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
