// Package transport is how two peers reach each other and prove who they are.
package transport
