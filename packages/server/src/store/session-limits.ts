/** How much one transition does to the sessions of one user, however many there are. */

/** The most that may be set as the number of sessions that one user may have. Acts reckon with no more. */
export const mostAtOnce = 1000

/** A sign-in ends at most so many, where there are more than may be: those that are left go with the next ones. */
export const mostEndedBySignIn = 50
