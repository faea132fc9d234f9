package postgres

import (
	"os/exec"
	"syscall"
	"testing"
)

// What tests outside the package need to see of its inside.
var (
	MigrateFiles = migrate
	ProcessesIn  = processesIn
)

// SetDebianBinaries has the search look elsewhere for one test.
func SetDebianBinaries(t *testing.T, pattern string) {
	before := debianBinaries
	debianBinaries = pattern
	t.Cleanup(func() { debianBinaries = before })
}

// AsServer has a program run as the account that runs PostgreSQL.
func AsServer(cmd *exec.Cmd) error {
	runAs, err := serverAccount()
	if err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if runAs.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: runAs.uid, Gid: runAs.gid}
	}
	return nil
}

// Abandon starts the same server again so that nothing stops it when its starter dies, and
// that no lock tells of it: what a starter leaves behind where the kernel does not help.
func (s *Server) Abandon() (*exec.Cmd, error) {
	cmd := exec.Command(s.cmd.Path, s.cmd.Args[1:]...) // #nosec G204 -- a test's own server
	cmd.Dir, cmd.Env = s.cmd.Dir, s.cmd.Env
	if err := AsServer(cmd); err != nil {
		return nil, err
	}
	return cmd, cmd.Start()
}
