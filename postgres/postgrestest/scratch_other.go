//go:build !linux

package postgrestest

func memoryDir() string { return "" }
