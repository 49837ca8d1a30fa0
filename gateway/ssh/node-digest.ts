// Which files the nodes must have, as `berth-node` there tells it: what this release's installer brings. A test holds it to the files.

export const nodeDigest = '610787975434076f855ed6dc38735da9ae390d935189ec9a7ae2a86647238ca7'
