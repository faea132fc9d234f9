// Package tron writes and reads transactions of TRON.
package tron
