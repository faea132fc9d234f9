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
	CanEnter     = func(dir string) error {
		a, err := serverAccount()
		if err != nil {
			return err
		}
		return a.canEnter(dir)
	}
)

// SetDebianBinaries has the search look elsewhere for one test.
func SetDebianBinaries(t *testing.T, pattern string) {
	before := debianBinaries
	debianBinaries = pattern
	t.Cleanup(func() { debianBinaries = before })
}

// Abandon starts the same server again so that nothing stops it when its starter dies, and
// that no lock tells of it: what a starter leaves behind where the kernel does not help.
func (s *Server) Abandon() (*exec.Cmd, error) {
	runAs, err := serverAccount()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(s.cmd.Path, s.cmd.Args[1:]...) // #nosec G204 -- a test's own server
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.cmd.Dir, s.cmd.Env, &syscall.SysProcAttr{Setpgid: true}
	if runAs.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: runAs.uid, Gid: runAs.gid}
	}
	return cmd, cmd.Start()
}
