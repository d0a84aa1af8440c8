//go:build tools

// Package tools keeps the pinned command in the module graph.
package tools

import _ "github.com/versity/versitygw/cmd/versitygw"
