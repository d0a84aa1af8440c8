"""The sandbox's only node: a kubelet whose containers are local processes."""
