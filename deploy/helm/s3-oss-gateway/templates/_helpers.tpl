{{- define "gateway.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gateway.labels" -}}
{{ include "gateway.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "gateway.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "gateway.name" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "gateway.checks" -}}
{{- if not (or .Values.oss.region .Values.oss.endpoint) }}{{ fail "oss.region or oss.endpoint is needed: a chart does not run on the embedded OSS" }}{{ end }}
{{- if and .Values.oss.rrsa.enabled .Values.oss.existingSecret }}{{ fail "oss.existingSecret and oss.rrsa.enabled exclude each other" }}{{ end }}
{{- if not (or .Values.oss.rrsa.enabled .Values.oss.existingSecret) }}{{ fail "oss.existingSecret (with OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET) or oss.rrsa.enabled is needed" }}{{ end }}
{{- if and .Values.oss.rrsa.enabled (not .Values.oss.rrsa.roleName) }}{{ fail "oss.rrsa.roleName is needed: the RAM role that the service account takes on" }}{{ end }}
{{- if and .Values.oss.rrsa.enabled (not .Values.clients.existingSecret) }}{{ fail "clients.existingSecret is needed: with RRSA there is no OSS pair that clients could sign with" }}{{ end }}
{{- if and .Values.settings.clients (not .Values.existingSettingsSecret) }}{{ fail "settings.clients holds secrets: put the document into a secret, and name it in existingSettingsSecret" }}{{ end }}
{{- end }}
