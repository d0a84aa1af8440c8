"""The Kubernetes objects of an instance as plain manifests: functions of the plan, the cluster and rendered values."""
