// The alerts and recording rules as a mixin: prometheusAlerts and prometheusRules as other mixins have
// them. The files are generated; to tune them, run `zego-upload-exporter export rules` and import what
// it wrote in their place. For the Chinese texts, import rules-zh/zego-uploads.alerts.yaml.
{
  prometheusAlerts+:: std.parseYaml(importstr 'rules/zego-uploads.alerts.yaml'),
  prometheusRules+:: std.parseYaml(importstr 'rules/zego-uploads.recording.yaml'),
  grafanaDashboards+:: {
    'zego-uploads.json': import '../grafana/zego-uploads.json',
    'zego-upload-task.json': import '../grafana/zego-upload-task.json',
    'zego-uploads-weeks.json': import '../grafana/zego-uploads-weeks.json',
  },
}
