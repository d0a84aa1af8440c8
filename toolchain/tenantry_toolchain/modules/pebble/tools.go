//go:build tools

// Package tools keeps the pinned command in the module graph.
package tools

import _ "github.com/letsencrypt/pebble/v2/cmd/pebble"
