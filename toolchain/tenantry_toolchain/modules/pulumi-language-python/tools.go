//go:build tools

// Package tools keeps the pinned command in the module graph.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
