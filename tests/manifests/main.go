// Command manifests reads what the cluster's configs are with their own types: kustomize builds an
// overlay, each of its objects is decoded strictly by Kubernetes' and KubeRay's Go types, and
// Compose's own loader reads a compose file. It prints what it read as JSON.
//
//	manifests kustomize FOLDER
//	manifests compose FILE NAME=VALUE...
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: manifests kustomize FOLDER | manifests compose FILE NAME=VALUE..."))
	}
	var read any
	var err error
	switch os.Args[1] {
	case "kustomize":
		read, err = objects(os.Args[2])
	case "compose":
		read, err = project(os.Args[2], os.Args[3:])
	default:
		err = fmt.Errorf("%q is not a command; use kustomize or compose", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(read); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
