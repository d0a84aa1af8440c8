//go:build tools

// Package tools keeps the pinned command in the module graph.
package tools

import _ "go.etcd.io/etcd/server/v3"
