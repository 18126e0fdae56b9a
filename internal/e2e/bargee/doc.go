// Package bargee runs the bargee binary as its users do: it builds it, starts
// peers, waits for their ready lines, and reads the events of transfers. It
// knows the command line and its JSON, and nothing of the code behind them.
package bargee
