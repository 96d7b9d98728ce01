package main

import (
	"context"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// project loads a compose file as Compose does, against its schema, with these variables alone.
func project(file string, variables []string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnv(variables))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}
