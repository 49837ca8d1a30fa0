// Which files the nodes must have, as `berth-node` there tells it: what this release's installer brings. A test holds it to the files.

export const nodeDigest = '690309eaa474f635f119bf644396561de5e63d38afabad5c415705bc11c1bea7'
