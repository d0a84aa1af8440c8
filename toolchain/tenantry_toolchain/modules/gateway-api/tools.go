//go:build tools

// Package tools keeps the pinned module in the module graph: its CRD files are installed into the sandbox.
package tools

import _ "sigs.k8s.io/gateway-api/apis/v1"
