using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.Simulation.Tests.Workload;
using ClaudeFs.TestKit.Devices;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests;

// The faults, and what they explain.
internal sealed partial class FaultRun
{
    private const int StepsBeforeFaultMax = 300;
    private const int OperationsUnderDiskFault = 80;
    private const int OperationsReadOnly = 30;

    private int _cuts;
    private int _kills;
    private int _deaths;
    private int _diskFaults;
    private int _readOnlyCount;

    // In the life of this silo: what its device was asked and did not do.
    private int _readFaults;
    private int _writeFaults;
    private int _spaceFaults;
    private bool _isTroubled;

    private void DrawFault()
    {
        _cluster.RunSteps(_random.Next(StepsBeforeFaultMax));
        switch (_random.Next(6))
        {
            case 0:
            case 1:
                DieAndStart();
                break;
            case 2:
                Bounce(isKill: false);
                break;
            case 3:
                Bounce(isKill: true);
                break;
            default:
                BreakDisk();
                break;
        }
    }

    // A client's machine is gone, with what it had not written; another one starts.
    private void DieAndStart()
    {
        var client = _cluster.Clients[1 + _random.Next(_cluster.Clients.Count - 1)];
        _deaths++;
        _cluster.World.Trace.Add("client", $"{client.Name} dies");
        client.Process.Kill();
        _scene.Recorder.Now();
        StartRemote(client);
        foreach (var driver in _drivers.Where(driver => driver.Client == client)) Begin(driver);
    }

    private void Bounce(bool isKill)
    {
        GoDown(isKill);
        _cluster.StartSilo();
        _scene.Recorder.NoteNextSilo((operation, client, start) =>
            !client.IsEmbedded && client.Start == start && !operation.IsGivenUp);
        if (_isTroubled) _scene.Recorder.NoteTrouble(begins: false);
        _isTroubled = false;
        foreach (var driver in _drivers.Where(driver => driver.Client == Local)) Begin(driver);
    }

    private void GoDown(bool isKill)
    {
        _cluster.GoDown(isKill);
        _ = isKill ? _kills++ : _cuts++;
        _cluster.Disks.Device.Fault = null;
        (_readFaults, _writeFaults, _spaceFaults) = (0, 0, 0);
        _scene.Recorder.Now();
    }

    // The device fails some requests of one kind. With the log on it the silo stops to change anything, sooner or
    // later; on a healthy device all goes on.
    private void BreakDisk()
    {
        var (kind, error) = _random.Next(4) switch
        {
            0 => (SimulatedOperationKind.Read, FsError.EIO),
            1 => (SimulatedOperationKind.Flush, FsError.EIO),
            2 => (SimulatedOperationKind.Write, FsError.ENOSPC),
            _ => (SimulatedOperationKind.Write, FsError.EIO),
        };
        var (left, oneIn) = (1 + _random.Next(3), 1 + _random.Next(4));
        _cluster.Disks.Device.Fault = (in SimulatedOperation operation) =>
        {
            if (operation.Kind != kind || left == 0 || _random.Next(oneIn) != 0) return FsError.None;
            left--;
            NoteDiskFault(operation, error);
            return error;
        };
        var until = _counts.Total + _random.Next(OperationsUnderDiskFault);
        _cluster.RunUntil(() => _counts.Total >= until || IsReadOnly(), "operations on a bad disk");
        if (IsReadOnly()) RunTo(_counts.Total + OperationsReadOnly);
        if (_cluster.Silo.Metadata.IsReadOnly(out var reason))
        {
            _readOnlyCount++;
            Answers.That(_writeFaults + _spaceFaults > 0 && reason.Length > 0, "the store is read-only",
                $"for no fault of the disk: {reason}");
            Bounce(isKill: _random.Next(2) == 0);
        }
        else if (_isTroubled) Bounce(isKill: _random.Next(2) == 0);
        else _cluster.Disks.Device.Fault = null;
    }

    private void NoteDiskFault(in SimulatedOperation operation, FsError error)
    {
        _diskFaults++;
        _cluster.World.Trace.Add("disk", $"{error} of {operation}");
        if (operation.Kind == SimulatedOperationKind.Read)
        {
            _readFaults++;
            return;
        }

        // From here on a client that hears of it may let go what it holds.
        if (!_isTroubled) _scene.Recorder.NoteTrouble(begins: true);
        _isTroubled = true;
        if (error == FsError.ENOSPC) _spaceFaults++;
        else _writeFaults++;
    }

    private bool IsReadOnly() => _cluster.Silo.Metadata.IsReadOnly(out _);

    private bool IsExplained(FsError error, SimulatedClient client, SessionId session)
    {
        var isSessionLost = !client.IsEmbedded && (client.Session != session || client.IsDoomed);
        // A client beyond the network may tell later what went wrong in an earlier silo's life.
        var wasDiskBad = !client.IsEmbedded && _diskFaults > 0;
        var isDiskBad = _readFaults + _writeFaults + _spaceFaults > 0 || wasDiskBad;
        return error switch
        {
            FsError.EROFS => _writeFaults + _spaceFaults > 0 || wasDiskBad,
            FsError.ENOSPC => _spaceFaults > 0 || wasDiskBad,
            // A holder that does not answer in time for what happened to a message is evicted, also the local one.
            FsError.ESTALE => isSessionLost || HasNetworkFaults,
            FsError.EIO => isSessionLost || isDiskBad || client.HasLostSession || HasNetworkFaults,
            FsError.ETIMEDOUT or FsError.ENOTCONN or FsError.EHOSTUNREACH => !client.IsEmbedded || HasNetworkFaults,
            _ => false,
        };
    }

    private bool HasNetworkFaults => _cluster.Network.FaultCount + _deaths > 0;
}
