// Which files the nodes must have, as `berth-node` there tells it: what this release's installer brings. A test holds it to the files.

export const nodeDigest = '309373604dd87a8475cbb8d424120506b6b02a0cdabd4fc14c8f8b16ae7e09bc'
