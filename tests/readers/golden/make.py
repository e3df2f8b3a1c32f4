"""Write the golden samples: one made-up movement of 4 s, in the form that each app documents.

Run it to write them anew: python tests/readers/golden/make.py
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
G = 9.80665
START_NS = 1_700_000_000_123_456_789
TIME_S = np.arange(200) / 50


def gravity_g(t):
    """(n, 3) in g; the phone tilts slowly."""
    slow = 0.02 * np.sin(2 * np.pi * 0.25 * t)
    return np.stack([0.1 + slow, -0.2 - slow, 0.97 + 0 * t], axis=1)


def user_g(t):
    """(n, 3) in g; a shake at 1.5 Hz and its overtone."""
    w = 2 * np.pi * 1.5 * t
    return np.stack([0.2 * np.sin(w), 0.1 * np.cos(w), 0.15 * np.sin(2 * w)], axis=1)


def acc_g(t):
    """(n, 3) in g, with gravity, +1 on z face up."""
    return gravity_g(t) + user_g(t)


def gyro_rad_s(t):
    """(n, 3) in rad/s."""
    w = 2 * np.pi * t
    return np.stack([0.5 * np.sin(w), 0.3 * np.cos(w), -0.4 * np.sin(1.5 * w)], axis=1)


def write(name, header, rows, separator=",", end="\n"):
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [header, *(separator.join(row) for row in rows)]
    path.write_bytes((end.join(lines) + end).encode())


def cells(values, form):
    return [[form % v for v in row] for row in values]


def sensor_logger_rows(t, values):
    ns = [START_NS + round(s * 1e9) for s in t]
    return [
        [str(n), f"{s - 0.013:.9f}", *(f"{v:.9f}" for v in row[::-1])]
        for n, s, row in zip(ns, t, values, strict=True)
    ]


def sensor_logger():
    late, later = TIME_S + 0.004, TIME_S - 0.006
    header = "time,seconds_elapsed,z,y,x"
    meta = "version,device name,recording time,platform,standardisation"
    for folder, sign, platform, standard in (
        ("android", 1, "android", "false"),
        ("ios", -1, "ios", "false"),
        ("ios-standardised", 1, "ios", "true"),
    ):
        parts = {
            "Accelerometer": (TIME_S, sign * user_g(TIME_S) * G),
            "Gravity": (later, sign * gravity_g(later) * G),
            "Gyroscope": (late, gyro_rad_s(late)),
        }
        if platform == "android":
            parts["TotalAcceleration"] = (TIME_S, acc_g(TIME_S) * G)
        place = f"sensor-logger/{folder}"
        for sensor, (t, values) in parts.items():
            write(f"{place}/{sensor}.csv", header, sensor_logger_rows(t, values))
        row = ["3", "phone", "2023-11-14_22-13-20", platform, standard]
        write(f"{place}/Metadata.csv", meta, [row])
        if platform == "ios" and standard == "false":
            entries = [{"sensor": "Metadata", "platform": "ios", "standardisation": "false"}]
            for sensor, (t, values) in parts.items():
                entries += [
                    {"sensor": sensor} | dict(zip(header.split(","), row, strict=True))
                    for row in sensor_logger_rows(t, values)
                ]
            text = ",\n".join(json.dumps(entry) for entry in entries)
            (HERE / "sensor-logger/ios.json").write_text(f"[{text}]\n")


def phyphox():
    def sheet(path, kind, unit, values, separator, comma):
        names = ["Time (s)", *(f"{kind} {axis} ({unit})" for axis in "xyz")]
        names.append("Absolute acceleration (m/s^2)" if unit == "m/s^2" else "Absolute (rad/s)")
        table = np.column_stack([TIME_S, values, np.linalg.norm(values, axis=1)])
        rows = [[c.replace(".", "," if comma else ".") for c in r] for r in cells(table, "%.9E")]
        write(path, separator.join(f'"{name}"' for name in names), rows, separator)

    for folder, separator, comma in (
        ("comma", ",", False),
        ("tab", "\t", False),
        ("semicolon", ";", False),
        ("tab-decimal-comma", "\t", True),
        ("semicolon-decimal-comma", ";", True),
        ("two-sheets", ",", False),
    ):
        two = folder == "two-sheets"
        place = f"phyphox/{folder}"
        name = "Accelerometer" if two else "Raw Data"
        acc = acc_g(TIME_S) * G
        sheet(f"{place}/{name}.csv", "Acceleration", "m/s^2", acc, separator, comma)
        if two:
            gyro = gyro_rad_s(TIME_S)
            sheet(f"{place}/Gyroscope.csv", "Gyroscope", "rad/s", gyro, separator, comma)
        header = ["event", "experiment time", "system time", "system time text"]
        events = [
            ["START", "0.000000000E0", "1700000000.123", "2023-11-14 22:13:20.123 UTC+00:00"],
            ["PAUSE", "4.000000000E0", "1700000004.123", "2023-11-14 22:13:24.123 UTC+00:00"],
        ]
        rows = [
            [f'"{e}"', *(c.replace(".", "," if comma else ".") for c in (a, b)), f'"{text}"']
            for e, a, b, text in events
        ]
        write(f"{place}/meta/time.csv", separator.join(f'"{h}"' for h in header), rows, separator)
        device = [['"deviceModel"', '"made up"'], ['"version"', '"1.1.16"']]
        write(f"{place}/meta/device.csv", f'"property"{separator}"value"', device, separator)


def sensorlog():
    start = datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    logged = [(start + timedelta(seconds=t)).isoformat(timespec="milliseconds") for t in TIME_S]
    boot = [f"{98765.4321 + t:.6f}" for t in TIME_S]

    def names(name, unit):
        return [f"{name}{axis}({unit})" for axis in "XYZ"]

    def table(path, header, values):
        rows = [
            [logged[i], str(i), *row] for i, row in enumerate(zip(*values, strict=True), start=0)
        ]
        write(path, ",".join(["loggingTime(txt)", "loggingSample(N)", *header]), rows)

    acc, gyro = cells(-acc_g(TIME_S), "%.6f"), cells(gyro_rad_s(TIME_S), "%.6f")
    user, gravity = cells(-user_g(TIME_S), "%.6f"), cells(-gravity_g(TIME_S), "%.6f")
    columns = [boot, *zip(*acc, strict=True), boot, *zip(*gyro, strict=True)]
    header = [
        "accelerometerTimestamp_sinceReboot(s)",
        *names("accelerometerAcceleration", "G"),
        "gyroTimestamp_sinceReboot(s)",
        *names("gyroRotation", "rad/s"),
    ]
    table("sensorlog/raw.csv", header, columns)
    parts = (gyro, user, gravity)
    columns = [boot, *(column for part in parts for column in zip(*part, strict=True))]
    header = [
        "motionTimestamp_sinceReboot(s)",
        *names("motionRotationRate", "rad/s"),
        *names("motionUserAcceleration", "G"),
        *names("motionGravity", "G"),
    ]
    table("sensorlog/motion.csv", header, columns)


def physics_toolbox():
    acc = acc_g(TIME_S)
    total = np.linalg.norm(acc, axis=1)
    table = np.column_stack([TIME_S, acc, total, gyro_rad_s(TIME_S)])
    write("physics-toolbox/plain.csv", "time,gFx,gFy,gFz,TgF,wx,wy,wz", cells(table, "%.4f"))
    rows = []
    late = TIME_S + 0.01
    for (t, a), (u, w) in zip(
        zip(TIME_S, cells(np.column_stack([acc, total]), "%.4f"), strict=True),
        zip(late, cells(gyro_rad_s(late), "%.4f"), strict=True),
        strict=True,
    ):
        rows += [[clock_text(t), *a, "", "", ""], [clock_text(u), "", "", "", "", *w]]
    rows = [[cell.replace(".", ",") for cell in row] + [""] for row in rows]
    header = "time;gFx;gFy;gFz;TgF;wx;wy;wz;"
    write("physics-toolbox/multi-record.csv", header, rows, ";", "\r\n")


def clock_text(t):
    ms = round(t * 1000) + 57_000  # across a full minute
    return f"14:{3 + ms // 60_000:02d}:{ms // 1000 % 60:02d}:{ms % 1000:03d}"


def sensor_data_collector():
    header = '"id","attr_time","attr_x","attr_y","attr_z"'
    for name, values in (("acc", acc_g(TIME_S) * G), ("Gyroscope", gyro_rad_s(TIME_S))):
        rows = [
            [str(i + 1), str(START_NS // 1_000_000 + round(t * 1000)), *row]
            for i, (t, row) in enumerate(zip(TIME_S, cells(values, "%.6f"), strict=True))
        ]
        write(f"sensor-data-collector/walking/{name}_walking_waist.csv", header, rows)


def tables():
    values = np.column_stack([TIME_S, acc_g(TIME_S), gyro_rad_s(TIME_S)])
    header = "time_s,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z"
    write("table/plain.csv", header, cells(values, "%.6f"))
    rows = []
    for t, a, w in zip(
        TIME_S,
        cells(acc_g(TIME_S) * G, "%.5f"),
        cells(np.degrees(gyro_rad_s(TIME_S)), "%.4f"),
        strict=True,
    ):
        ms = START_NS // 1_000_000 + round(t * 1000)
        label = "" if t < 1 else "walking" if t < 3 else "standing"
        rows.append([f'"{label}"', *w, *a, str(ms), "p1"])
    rows = [[cell.replace(".", ",") for cell in row] for row in rows]
    header = (
        "activity;Gyro X (deg/s);Gyro Y (deg/s);Gyro Z (deg/s);"
        "Acc X (m/s²);Acc Y (m/s²);Acc Z (m/s²);timestamp;user"
    )
    write("table/labelled.csv", header, rows, ";", "\r\n")


def collection():
    from harken.core.recording import Recording, Sensor
    from harken.readers.recording_file import write_recording

    acc, gyro = Sensor(TIME_S, acc_g(TIME_S)), Sensor(TIME_S, gyro_rad_s(TIME_S))
    notes = ("acceleration taken as g (as the export says)",)
    movement = Recording(acc, gyro, subject="p1", source="movement.csv", notes=notes)
    write_recording(movement, HERE / "collection/movement.parquet", source_sha256="")


if __name__ == "__main__":
    for part in (
        sensor_logger,
        phyphox,
        sensorlog,
        physics_toolbox,
        sensor_data_collector,
        tables,
        collection,
    ):
        part()
