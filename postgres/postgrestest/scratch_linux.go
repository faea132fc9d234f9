package postgrestest

import "syscall"

// Making a database is a thousand small files: in memory it takes a tenth of the time.
const (
	memory     = "/dev/shm"
	memoryFree = 2 << 30 // bytes that must be free; containers often have 64 MiB
)

func memoryDir() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < memoryFree { // #nosec G115 -- a size
		return ""
	}
	return memory
}
