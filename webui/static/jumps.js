// The jump tab: history of this visit and personal best, the chart that seeks the video, the way to the result.
studio.jumps = (element, trigger, props, watch) => {
  const root = studio.fill(element).querySelector('.visit');
  const { t } = studio;
  let speed = 1;
  const BEST = 'studio.best';
  const best = () => { try { return JSON.parse(localStorage.getItem(BEST)); } catch { return null; } };
  const keep = (value) => { try { value ? localStorage.setItem(BEST, JSON.stringify(value)) : localStorage.removeItem(BEST); } catch { /* none */ } };

  function note(run) {
    const list = (studio.memory.get('runs') || []).filter((r) => r.id !== run.id);
    list.unshift(run);
    studio.memory.set('runs', list.slice(0, 12));
    const top = best();
    const longest = Math.max(...list.filter((r) => !r.sample).map((r) => r.count), 0);
    if (run.count > 0 && !run.sample && (!top || top.id === run.id || run.count > top.count)) {
      keep(top && top.id === run.id && longest > run.count ? list.find((r) => r.count === longest) : run);
    }
    draw(run);
  }
  function draw(latest) {
    const list = studio.memory.get('runs') || [];
    const top = best();
    root.hidden = !list.length && !top;
    root.querySelector('.best').textContent = top ? t('visit.best', { count: top.count, rate: top.rate, day: top.day }) : '';
    root.querySelector('.new').hidden = !(latest && top && latest.id === top.id && latest.count > 0);
    root.querySelector('ol').replaceChildren(...list.map((run) =>
      Object.assign(document.createElement('li'), { textContent: t('visit.run', run) })));
  }
  root.querySelector('[data-action=forget]').addEventListener('click', () => { keep(null); studio.memory.drop('runs'); draw(); });

  watch('value', () => {
    const value = props.value;
    if (!value) return;
    if (value.saved) return studio.download(value.saved.path, value.saved.name);
    if (value.error) return;
    speed = value.speed || 1;
    const now = new Date();
    const time = now.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
    note({ ...value, time, day: now.toLocaleDateString(document.documentElement.lang) });
    if (value.fresh) reveal();
    chart();
  });
  draw();

  function reveal() {
    if (innerWidth < 900) setTimeout(() => document.querySelector('#total')?.scrollIntoView({ behavior: 'smooth', block: 'start' }), 300);
  }

  // A click or tap on the chart seeks the video to the time under it.
  function chart(tries = 0) {
    const plot = document.querySelector('#chart .js-plotly-plot');
    if (!plot?.on) return tries < 120 && setTimeout(() => chart(tries + 1), 500);
    if (plot.dataset.seeks) return;
    plot.dataset.seeks = 'yes';
    plot.on('plotly_click', (e) => {
      const { xaxis, x } = e.points[0];
      const left = plot.querySelector('.nsewdrag').getBoundingClientRect().left;
      seek(secondsOf(e.event?.clientX ? xaxis.p2d(e.event.clientX - left) : x));
    });
    if (matchMedia('(pointer: coarse)').matches) window.Plotly?.relayout(plot, { dragmode: false });
  }
  // The chart's clock starts ten days after its zero, see webui/charts.py.
  const secondsOf = (x) => ((typeof x === 'number' ? x : Date.parse(x.replace(' ', 'T') + 'Z')) - 864e6) / 1000;
  function seek(time) {
    const video = document.querySelector('#result video');
    if (!video || !Number.isFinite(time)) return;
    video.currentTime = Math.max(0, time / speed);
    const r = video.getBoundingClientRect();
    if (r.bottom < 60 || r.top > innerHeight - 60) video.scrollIntoView({ block: 'center' });
  }
  studio.parts.jumps = { seek };
};
