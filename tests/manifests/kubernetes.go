package main

import (
	"encoding/json"
	"fmt"

	rayv1 "github.com/ray-project/kuberay/ray-operator/apis/ray/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kinds has a constructor for each kind that an overlay may hold.
var kinds = map[string]func() any{
	"v1/ConfigMap":      func() any { return &corev1.ConfigMap{} },
	"v1/Namespace":      func() any { return &corev1.Namespace{} },
	"v1/Service":        func() any { return &corev1.Service{} },
	"v1/ServiceAccount": func() any { return &corev1.ServiceAccount{} },
	"v1/Secret":         func() any { return &corev1.Secret{} },
	"apps/v1/Deployment": func() any {
		return &appsv1.Deployment{}
	},
	"apps/v1/StatefulSet":                    func() any { return &appsv1.StatefulSet{} },
	"autoscaling/v2/HorizontalPodAutoscaler": func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"batch/v1/Job":                           func() any { return &batchv1.Job{} },
	"networking.k8s.io/v1/NetworkPolicy":     func() any { return &networkingv1.NetworkPolicy{} },
	"policy/v1/PodDisruptionBudget":          func() any { return &policyv1.PodDisruptionBudget{} },
	"ray.io/v1/RayService":                   func() any { return &rayv1.RayService{} },
}

// objects builds a kustomization and returns its objects, each decoded strictly by its type.
func objects(folder string) ([]json.RawMessage, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	var found []json.RawMessage
	for _, each := range built.Resources() {
		kind := each.GetApiVersion() + "/" + each.GetKind()
		text, err := each.AsYAML()
		if err != nil {
			return nil, err
		}
		create, known := kinds[kind]
		if !known {
			return nil, fmt.Errorf("%s %s: its type is not known here", kind, each.GetName())
		}
		if err := yaml.UnmarshalStrict(text, create()); err != nil {
			return nil, fmt.Errorf("%s %s: %w", kind, each.GetName(), err)
		}
		object, err := yaml.YAMLToJSON(text)
		if err != nil {
			return nil, err
		}
		found = append(found, object)
	}
	return found, nil
}
