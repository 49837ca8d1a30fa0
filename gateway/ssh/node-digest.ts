// Which files the nodes must have, as `berth-node` there tells it: what this release's installer brings. A test holds it to the files.

export const nodeDigest = '209ab062e9412b28c51b67d77b500ed34fc930ff31691ef6976beb60ef38557f'
