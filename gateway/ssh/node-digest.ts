// Which files the nodes must have, as `berth-node` there tells it: what this release's installer brings. A test holds it to the files.

export const nodeDigest = 'f35608be847f36e2a100be1c23df80f038fa9a8f211bbe6bc3ca2a990dde6bea'
