// Which files the nodes must have, as `berth-node` there tells it: what this release's installer brings. A test holds it to the files.

export const nodeDigest = 'b4dcb5ea7ec5846600aae3832d0758d2d22329ed330644c4cb451d60a6a9e1fa'
