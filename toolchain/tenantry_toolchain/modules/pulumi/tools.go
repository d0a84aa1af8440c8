//go:build tools

// Package tools keeps the pinned command in the module graph.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
