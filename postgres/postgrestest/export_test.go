package postgrestest

// ScratchDirs returns where servers are put.
var ScratchDirs = scratchDirs
