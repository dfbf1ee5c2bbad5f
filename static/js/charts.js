// Draws every [data-chart] from its JSON block with the colours of the page.
//   {"kind": "staircase",    "steps": [{"label", "p", "low", "high", "months"}], "labels": {"p", "interval", "months"}}
//   {"kind": "distribution", "edges": [n + 1], "counts": [n], "marks": [{"label", "value"}], "zero": number}
//   {"kind": "bars",         "categories": [], "series": [{"name", "values", "tone"}], "stacked": false, "horizontal": false}
//   {"kind": "waterfall",    "steps": [{"label", "value", "total"}]}
//   {"kind": "levels",       "highest": 9, "series": [{"name", "tone", "points": [[instant, level or null]]}],
//                            "target": {"label", "value"}}
// "format": "money" (major units) | "percent" (fractions) | "number"; "currency": "CNY".
"use strict";

(function () {
  const language = document.documentElement.lang || "zh-CN";
  const charts = new Map();

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue("--" + name).trim();
    const named = {};
    for (const name of ["ink", "ink-soft", "sheet", "sunk", "rule", "rule-strong", "accent", "jade", "amber",
      "vermilion", "slate"]) named[name] = read(name);
    named.series = [1, 2, 3, 4, 5, 6].map((index) => read("series-" + index));
    return named;
  }

  function formatter(spec, exact) {
    if (spec.format === "percent") {
      return (value) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: exact ? 1 : 0 })
        .format(value);
    }
    if (spec.format === "money" && exact) {
      return (value) => new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
        .format(value) + (spec.unit ? " " + spec.unit : "");
    }
    if (exact) return (value) => new Intl.NumberFormat(language, { maximumFractionDigits: 3 }).format(value);
    return (value) => new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 }).format(value);
  }

  function frame(spec, palette) {
    return {
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches && !window.matchMedia("print").matches,
      animationDuration: 250,
      color: palette.series,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, color: palette.ink },
      grid: { left: 8, right: 16, top: 28, bottom: 8, containLabel: true },
      // Rich text is drawn on the canvas: a tooltip of HTML would need inline styles, which the page forbids.
      tooltip: {
        renderMode: "richText", confine: true, backgroundColor: palette.sheet, borderColor: palette["rule-strong"],
        textStyle: { color: palette.ink, fontSize: 12 },
      },
      aria: { enabled: true, label: { enabled: false }, decal: { show: spec.kind === "bars" && spec.series.length > 1 } },
    };
  }

  function categoryAxis(labels, palette, narrow) {
    return {
      type: "category", data: labels, axisTick: { show: false },
      axisLine: { lineStyle: { color: palette["rule-strong"] } },
      axisLabel: { color: palette.ink, interval: 0, width: narrow ? 58 : 110, overflow: "break", lineHeight: 15 },
    };
  }

  function valueAxis(spec, palette) {
    return {
      type: "value", splitNumber: 4, axisLabel: { color: palette["ink-soft"], formatter: formatter(spec, false) },
      splitLine: { lineStyle: { color: palette.rule, type: "dashed" } },
    };
  }

  function staircase(spec, palette, narrow) {
    const words = spec.labels || {};
    const percent = formatter({ format: "percent" }, false);
    return {
      ...frame(spec, palette),
      xAxis: categoryAxis(spec.steps.map((step) => step.label), palette, narrow),
      yAxis: { ...valueAxis({ format: "percent" }, palette), min: 0 },
      series: [
        {
          type: "bar", barWidth: "62%", itemStyle: { color: palette.accent }, data: spec.steps.map((step) => step.p),
        },
        {
          type: "custom", silent: true, z: 5,
          data: spec.steps.map((step, index) => [index, step.low, step.high, step.p, step.months]),
          encode: { x: 0, y: [1, 2] },
          renderItem: function (parameters, api) {
            const low = api.coord([api.value(0), api.value(1)]);
            const high = api.coord([api.value(0), api.value(2)]);
            const months = spec.steps[parameters.dataIndex].months;
            const stroke = { stroke: palette.ink, lineWidth: 1.5, fill: null };
            const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: stroke });
            const text = percent(api.value(3)) + (months == null ? "" : "\n" + months + " " + (words.months || ""));
            return {
              type: "group",
              children: [
                line(low[0], low[1], high[0], high[1]), line(low[0] - 5, low[1], low[0] + 5, low[1]),
                line(high[0] - 5, high[1], high[0] + 5, high[1]),
                {
                  type: "text",
                  style: { text, x: high[0], y: high[1] - 4, align: "center", verticalAlign: "bottom", fill: palette.ink,
                    fontSize: 12, lineHeight: 15 },
                },
              ],
            };
          },
        },
      ],
      grid: { left: 8, right: 8, top: 44, bottom: 8, containLabel: true },
      tooltip: {
        ...frame(spec, palette).tooltip, trigger: "axis",
        formatter: function (items) {
          const step = spec.steps[items[0].dataIndex];
          return [step.label.replace("\n", " "), (words.p || "") + " " + percent(step.p),
            (words.interval || "") + " " + percent(step.low) + " – " + percent(step.high)].join("\n");
        },
      },
    };
  }

  function distribution(spec, palette) {
    const zero = spec.zero == null ? 0 : spec.zero;
    const exact = formatter(spec, true);
    const rows = spec.counts.map((count, index) => [spec.edges[index], spec.edges[index + 1], count]);
    const top = Math.max(1, ...spec.counts);
    return {
      ...frame(spec, palette),
      grid: { left: 8, right: 24, top: 44, bottom: 8, containLabel: true },
      xAxis: {
        ...valueAxis(spec, palette), min: spec.edges[0], max: spec.edges[spec.edges.length - 1],
        splitLine: { show: false }, axisLine: { lineStyle: { color: palette["rule-strong"] } },
        axisLabel: { color: palette.ink, formatter: formatter(spec, false), hideOverlap: true },
      },
      yAxis: { ...valueAxis({ format: "number" }, palette), max: top },
      tooltip: {
        ...frame(spec, palette).tooltip,
        formatter: (item) => exact(item.value[0]) + " – " + exact(item.value[1]) + "\n" +
          formatter({ format: "number" }, true)(item.value[2]),
      },
      series: [
        {
          type: "custom", data: rows, encode: { x: [0, 1], y: 2 },
          renderItem: function (parameters, api) {
            const start = api.coord([api.value(0), api.value(2)]);
            const end = api.coord([api.value(1), 0]);
            const loss = api.value(1) <= zero;
            return {
              type: "rect", shape: { x: start[0], y: start[1], width: Math.max(1, end[0] - start[0] - 1),
                height: end[1] - start[1] },
              style: { fill: loss ? palette.vermilion : palette.jade },
            };
          },
        },
        marks(spec, palette, top),
      ],
    };
  }

  function marks(spec, palette, top) {
    return {
      type: "custom", silent: true, z: 6, clip: false,
      data: (spec.marks || []).map((mark) => [mark.value, top]), encode: { x: 0, y: 1 },
      renderItem: function (parameters, api) {
        const point = api.coord([api.value(0), api.value(1)]);
        const foot = api.coord([api.value(0), 0]);
        const level = parameters.dataIndex % 2 ? 4 : 18;
        return {
          type: "group",
          children: [
            { type: "line", shape: { x1: point[0], y1: point[1] - level, x2: foot[0], y2: foot[1] },
              style: { stroke: palette.ink, lineWidth: 1.5, lineDash: [4, 3] } },
            { type: "text", style: { text: spec.marks[parameters.dataIndex].label, x: point[0] + 4,
              y: point[1] - level - 6, verticalAlign: "middle", fill: palette.ink, fontSize: 12,
              backgroundColor: palette.sheet, padding: [0, 2] } },
          ],
        };
      },
    };
  }

  function bars(spec, palette, narrow) {
    const categories = categoryAxis(spec.categories, palette, narrow);
    const values = valueAxis(spec, palette);
    return {
      ...frame(spec, palette),
      legend: spec.series.length > 1 ? { top: 0, left: 0, itemWidth: 18, textStyle: { color: palette.ink } } : undefined,
      grid: { left: 8, right: 24, top: spec.series.length > 1 ? 40 : 16, bottom: 8, containLabel: true },
      xAxis: spec.horizontal ? values : categories,
      yAxis: spec.horizontal ? { ...categories, inverse: true } : values,
      tooltip: { ...frame(spec, palette).tooltip, trigger: "axis", valueFormatter: formatter(spec, true) },
      series: spec.series.map((series) => ({
        type: "bar", name: series.name, data: series.values, stack: spec.stacked ? "all" : undefined, barMaxWidth: 44,
        itemStyle: { color: series.tone ? palette[series.tone] : undefined, borderColor: palette.sheet, borderWidth: 1 },
      })),
    };
  }

  function waterfall(spec, palette, narrow) {
    let level = 0;
    const rows = spec.steps.map(function (step, index) {
      const start = step.total ? 0 : level;
      level = step.total ? step.value : level + step.value;
      return [index, start, level, step.value];
    });
    const short = formatter(spec, false);
    const exact = formatter(spec, true);
    return {
      ...frame(spec, palette),
      xAxis: categoryAxis(spec.steps.map((step) => step.label), palette, narrow),
      yAxis: valueAxis(spec, palette),
      tooltip: {
        ...frame(spec, palette).tooltip,
        formatter: (item) => spec.steps[item.dataIndex].label + "\n" + exact(spec.steps[item.dataIndex].value),
      },
      series: [{
        type: "custom", data: rows, encode: { x: 0, y: [1, 2] },
        renderItem: function (parameters, api) {
          const step = spec.steps[parameters.dataIndex];
          const start = api.coord([api.value(0), api.value(1)]);
          const end = api.coord([api.value(0), api.value(2)]);
          const width = Math.min(48, api.size([1, 0])[0] * 0.62);
          const top = Math.min(start[1], end[1]);
          const fill = step.total ? palette.ink : step.value < 0 ? palette.vermilion : palette.jade;
          return {
            type: "group",
            children: [
              { type: "rect", shape: { x: start[0] - width / 2, y: top, width, height: Math.max(1.5, Math.abs(start[1] - end[1])) },
                style: { fill } },
              { type: "text", style: { text: short(step.value), x: start[0], y: top - 4, align: "center",
                verticalAlign: "bottom", fill: palette.ink, fontSize: 12 } },
            ],
          };
        },
      }],
    };
  }

  // Levels over time: each holds until it changes; where it is absent the line ends.
  function levels(spec, palette) {
    const shapes = ["circle", "rect", "triangle"];
    const target = spec.target && {
      silent: true, symbol: "none", lineStyle: { type: "dashed", color: palette.accent },
      label: { position: "insideStartTop", formatter: spec.target.label + " " + spec.target.value, color: palette.ink },
      data: [{ yAxis: spec.target.value }],
    };
    return {
      ...frame(spec, palette),
      legend: { top: 0, left: 0, itemWidth: 18, textStyle: { color: palette.ink } },
      grid: { left: 8, right: 24, top: 40, bottom: 8, containLabel: true },
      xAxis: { type: "time", axisLabel: { color: palette.ink, hideOverlap: true, formatter: "{yyyy}-{MM}-{dd}" },
        axisLine: { lineStyle: { color: palette["rule-strong"] } } },
      yAxis: { type: "value", min: 0, max: spec.highest, interval: 1, axisLabel: { color: palette.ink },
        splitLine: { lineStyle: { color: palette.rule } } },
      tooltip: { ...frame(spec, palette).tooltip, trigger: "axis" },
      series: spec.series.map((series, index) => ({
        type: "line", step: "end", name: series.name, data: series.points, symbol: shapes[index % 3], symbolSize: 8,
        lineStyle: { width: 2, type: index ? "solid" : "dotted", color: palette[series.tone] },
        itemStyle: { color: palette[series.tone] }, markLine: index === 0 && target ? target : undefined,
      })),
    };
  }

  const kinds = { staircase, distribution, bars, waterfall, levels };

  function draw(figure) {
    const picture = figure.querySelector("[data-chart-picture]");
    const spec = JSON.parse(figure.querySelector("[data-chart-spec]").textContent);
    if (!window.echarts || !kinds[spec.kind]) {
      figure.querySelector("[data-chart-table]").open = true;
      return;
    }
    picture.hidden = false;
    let chart = charts.get(figure);
    if (!chart) {
      chart = window.echarts.init(picture, null, { renderer: "canvas" });
      charts.set(figure, chart);
    }
    chart.setOption(kinds[spec.kind](spec, colours(), picture.clientWidth < 520), true);
  }

  function save(name, href) {
    const anchor = document.createElement("a");
    anchor.download = name;
    anchor.href = href;
    anchor.click();
  }

  // A cell that a spreadsheet would run as a formula gets an apostrophe; plain negative figures stay figures.
  function csvCell(text) {
    const figure = text.replace("\u2212", "-");
    const cell = /^-[\d.,]+/.test(figure) ? figure : text;
    const safe = /^[=+@\t\r]|^-(?![\d.,])/.test(cell) ? "'" + cell : cell;
    return '"' + safe.replaceAll('"', '""') + '"';
  }

  function tableCsv(table) {
    const lines = Array.from(table.rows, (row) => Array.from(row.cells, (cell) => csvCell(cell.textContent.trim())).join(","));
    return "\ufeff" + lines.join("\r\n") + "\r\n";
  }

  function downloads(figure) {
    const csv = figure.querySelector("[data-chart-csv]");
    const png = figure.querySelector("[data-chart-png]");
    csv.addEventListener("click", function () {
      const address = URL.createObjectURL(new Blob([tableCsv(figure.querySelector("table"))], { type: "text/csv" }));
      save(figure.id + ".csv", address);
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
    if (!window.echarts) png.hidden = true;
    png.addEventListener("click", function () {
      const chart = charts.get(figure);
      if (chart) save(figure.id + ".png", chart.getDataURL({ pixelRatio: 2, backgroundColor: colours().sheet }));
    });
  }

  function drawAll() {
    for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
  }

  for (const figure of document.querySelectorAll("[data-chart]")) downloads(figure);
  drawAll();
  document.addEventListener("pilotage:theme", drawAll);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("resize", function () {
    for (const chart of charts.values()) chart.resize();
  });
})();
