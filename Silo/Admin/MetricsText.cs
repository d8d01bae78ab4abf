using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace ClaudeFs.Silo.Admin;

/// <summary>
/// Gathers every meter of this process whose name begins with "ClaudeFs" or "claudefs", and the runtime's own (memory,
/// collections, threads), and writes them in Prometheus' text format 0.0.4 (no exporter for it is to be had as a
/// package). Thread-safe. Source: prometheus.io/docs/instrumenting/exposition_formats.
/// </summary>
public sealed class MetricsText : IDisposable
{
    private static readonly double[] Bounds =
        [0.00001, 0.000025, 0.0001, 0.00025, 0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument, string), Series> _series = new();

    public MetricsText()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            var meter = instrument.Meter.Name;
            if (meter.StartsWith("claudefs", StringComparison.OrdinalIgnoreCase) || meter == "System.Runtime")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<byte>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<int>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<long>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<float>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<double>((i, v, tags, _) => Record(i, v, tags));
        _listener.Start();
    }

    /// <summary>The page for GET /metrics.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var group in _series.GroupBy(s => s.Key.Item1).OrderBy(g => g.Key.Name, StringComparer.Ordinal))
        {
            var name = PrometheusName(group.Key);
            var kind = Kind(group.Key);
            if (group.Key.Description is { } help) text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n");
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {kind}\n");
            foreach (var (key, series) in group.OrderBy(s => s.Key.Item2, StringComparer.Ordinal))
                series.Write(text, name, key.Item2, kind);
        }
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = _series.GetOrAdd((instrument, Labels(tags)), static _ => new Series());
        series.Add(value, isAbsolute: instrument.IsObservable || Kind(instrument) == "gauge" && !IsUpDown(instrument));
    }

    private static bool IsUpDown(Instrument instrument) =>
        instrument.GetType().Name.StartsWith("UpDown", StringComparison.Ordinal);

    private static string Kind(Instrument instrument)
    {
        var type = instrument.GetType().Name;
        if (type.StartsWith("Histogram", StringComparison.Ordinal)) return "histogram";
        return type.StartsWith("Counter", StringComparison.Ordinal)
            || type.StartsWith("ObservableCounter", StringComparison.Ordinal)
            ? "counter" : "gauge";
    }

    private static string PrometheusName(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        var name = instrument.Name.Replace('.', '_').Replace('-', '_');
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
        return Kind(instrument) == "counter" ? name + "_total" : name;
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty) return "";
        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)?
                .Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(
                CultureInfo.InvariantCulture,
                $"{(text.Length == 0 ? "" : ",")}{key.Replace('.', '_')}=\"{escaped}\"");
        }
        return text.ToString();
    }

    private sealed class Series
    {
        private readonly long[] _buckets = new long[Bounds.Length + 1];
        private double _value;
        private long _count;

        public void Add(double value, bool isAbsolute)
        {
            lock (_buckets)
            {
                _value = isAbsolute ? value : _value + value;
                _count++;
                var bucket = Array.BinarySearch(Bounds, value);
                _buckets[bucket < 0 ? ~bucket : bucket]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels, string kind)
        {
            lock (_buckets)
            {
                var braces = labels.Length == 0 ? "" : $"{{{labels}}}";
                if (kind != "histogram")
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{braces} {_value}\n");
                    return;
                }
                var sum = 0L;
                var comma = labels.Length == 0 ? "" : ",";
                for (var i = 0; i < _buckets.Length; i++)
                {
                    sum += _buckets[i];
                    var bound = i < Bounds.Length ? Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                    text.Append(
                        CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {sum}\n");
                }
                text.Append(
                    CultureInfo.InvariantCulture, $"{name}_sum{braces} {_value}\n{name}_count{braces} {_count}\n");
            }
        }
    }
}
