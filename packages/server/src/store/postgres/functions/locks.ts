/** The advisory locks; functions.ts says in which order they are taken. */

/** ASCII "Csgn", in front of the number of each lock that is not a user's. */
export const ours = 1_131_636_590

export const locks = { minting: `${ours}, 1`, sequencer: `${ours}, 2`, migration: `${ours}, 3`, keys: `${ours}, 4` }
