// Which files the nodes must have, as `berth-node` there tells it: what this release's installer brings. A test holds it to the files.

export const nodeDigest = '665835870bd1c6e4a0b4d3e767622b9d5fa3fe49880d462b93398f31174457b9'
